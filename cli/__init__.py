"""The command line `gallery`: what operators and scripts use. One module per command."""
