"""``appliance models``: packs of models listed, verified, made and measured."""
