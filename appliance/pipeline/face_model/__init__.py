"""A face as data: the 478-point mesh, its canonical model, regions, shape and texture."""
