"""The main job on one machine: emulated clusters and a name server on real sockets, and the controller as its own process."""
