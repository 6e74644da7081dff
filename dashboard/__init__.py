"""The dashboard: a thin shell over the pipeline's searches, maps and reads."""
