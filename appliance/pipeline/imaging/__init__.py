"""Arrays of pixels and points: types, filters, warps and rasters. No models, no files."""
