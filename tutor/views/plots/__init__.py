"""The plots' pane: the loss and the size of each parameter's gradient, backward by backward."""
