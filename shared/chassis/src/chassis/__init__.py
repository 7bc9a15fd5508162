"""What every service needs and none should write twice. See the modules by name."""
