"""What brings a topology to where it runs; nothing in `worker` imports it but `sluice template`."""
