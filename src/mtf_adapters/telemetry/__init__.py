"""What a process tells of itself while it works: logs by area, metrics."""
