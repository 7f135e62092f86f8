"""Recognises the city's wards and communes, of today and of before July 2025, in what people write.

Pure Python and rapidfuzz, without Rasa: nlu.components.ward_reader puts it into the pipeline.
"""
