"""Reading manifests: versions whose rows and columns lie in several files, as one lazy frame."""
