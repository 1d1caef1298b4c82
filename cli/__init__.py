"""The command line `gallery`, for operators and scripts. One module per command."""
