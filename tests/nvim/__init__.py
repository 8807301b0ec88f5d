"""The Neovim plugin in a real Neovim, with the real language server behind it."""
