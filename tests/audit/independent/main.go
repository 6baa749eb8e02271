// Checks a ledger with Go's golang.org/x/mod/sumdb, as the checksum database of Go's modules does.
//
//	independent LEDGER VKEY INDEX... [@SIZE=BASE64ROOT...]
//
// Exit 0: the checkpoint's signature is good, the entry of each INDEX is in its tree, and the tree
// has grown from each older one. Otherwise the reason is on stderr.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// files reads tiles as C2SP names them: as Go does, without the height.
type files string

func (f files) Height() int                     { return 8 }
func (f files) SaveTiles([]tlog.Tile, [][]byte) {}
func (f files) path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), f.path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entry is the record at index of a log of size records.
func (f files) entry(index, size int64) ([]byte, error) {
	tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: 256}
	if size-tile.N*256 < 256 {
		tile.W = int(size - tile.N*256)
	}
	path := strings.Replace(f.path(tile), "tile/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(f), path))
	if err != nil {
		return nil, err
	}
	for n := index % 256; n > 0; n-- {
		data = data[2+binary.BigEndian.Uint16(data):]
	}
	return data[2 : 2+binary.BigEndian.Uint16(data)], nil
}

func hash(text string) (h tlog.Hash, err error) {
	data, err := base64.StdEncoding.DecodeString(text)
	copy(h[:], data)
	return h, err
}

func check(arguments []string) error {
	folder := files(arguments[0])
	verifier, err := note.NewVerifier(arguments[1])
	if err != nil {
		return err
	}
	message, err := os.ReadFile(filepath.Join(string(folder), "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := hash(lines[2])
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder)
	for _, argument := range arguments[2:] {
		if old := strings.TrimPrefix(argument, "@"); old != argument {
			number, text, _ := strings.Cut(old, "=")
			before, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return err
			}
			oldRoot, err := hash(text)
			if err != nil {
				return err
			}
			proof, err := tlog.ProveTree(size, before, reader)
			if err != nil {
				return err
			}
			if err := tlog.CheckTree(proof, size, root, before, oldRoot); err != nil {
				return fmt.Errorf("size %d: %w", before, err)
			}
			continue
		}
		index, err := strconv.ParseInt(argument, 10, 64)
		if err != nil {
			return err
		}
		entry, err := folder.entry(index, size)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(size, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

func main() {
	if err := check(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
