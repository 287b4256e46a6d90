"""The table of tensors and the numbers of the one in hand."""
