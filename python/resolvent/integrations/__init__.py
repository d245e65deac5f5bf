"""Ways into the installers that people already have."""
