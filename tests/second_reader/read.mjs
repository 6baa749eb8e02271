// Prints how c2pa-node judges files: node read.mjs ANCHORS.pem MIME FILE [MIME FILE …]
// One JSON object a line: {"state": "Trusted" | "Valid" | "Invalid" | null, "codes": […]}.
import { readFileSync } from "node:fs";
import { Reader } from "@contentauth/c2pa-node";

const [anchors, ...files] = process.argv.slice(2);
const settings = JSON.stringify({
  version: 1,
  trust: { trust_anchors: readFileSync(anchors, "utf8") },
  verify: {
    verify_trust: true,
    verify_timestamp_trust: false,
    remote_manifest_fetch: false,
    ocsp_fetch: false,
  },
});
for (let at = 0; at < files.length; at += 2) {
  const asset = { buffer: readFileSync(files[at + 1]), mimeType: files[at] };
  let state = null;
  let codes = [];
  try {
    const found = (await Reader.fromAsset(asset, settings))?.json();
    state = found?.validation_state ?? null;
    codes = (found?.validation_results?.activeManifest?.failure ?? []).map((one) => one.code);
  } catch (error) {
    codes = [String(error.message ?? error)];
  }
  console.log(JSON.stringify({ state, codes }));
}
