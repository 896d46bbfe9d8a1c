"""What a net says of how voltages are held: by generators, by loads that follow them, by tap changers."""
