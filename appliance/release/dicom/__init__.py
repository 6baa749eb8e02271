"""Released stills as DICOM objects, and the directory of a disc that holds them."""
