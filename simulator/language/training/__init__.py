"""Making the weights of the built-in ear. Nothing here is needed to use it."""
