"""The volume: where everything lies on it, and files and locks that survive a crash. It knows no topic of ours."""
