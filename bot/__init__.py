"""Hỏi Cần Thơ · Ask Cần Thơ: the city's public-information bot."""
