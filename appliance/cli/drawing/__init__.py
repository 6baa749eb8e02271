"""Pictures that commands draw for people: sheets of captioned tiles."""
