# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Read the float32 tensors of a TensorFlow checkpoint (its "tensor bundle") without TensorFlow.

PREFIX.index is a LevelDB table of uncompressed blocks. Its values are BundleEntryProto messages:
field 1 the type, 2 the shape, 4 the offset and 5 the size of a tensor in
PREFIX.data-00000-of-00001, which is raw little-endian numbers.
"""

import pathlib
import struct

import numpy as np

TABLE_MAGIC = 0xDB4775248B80FB57
FLOAT = 1


class Bytes:
    """A cursor over bytes."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def more(self):
        return self.at < len(self.data)

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("checkpoint index ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self):
        """Seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


def block(table, offset, size):
    """Pairs (key, value) of a block; keys share the beginning of the one before."""
    data = table[offset : offset + size]
    (restarts,) = struct.unpack("<I", data[-4:])
    cursor, key = Bytes(data[: len(data) - 4 * (restarts + 1)]), b""
    while cursor.more():
        shared, fresh, length = cursor.varint(), cursor.varint(), cursor.varint()
        key = key[:shared] + cursor.take(fresh)
        yield key, cursor.take(length)


def message(data):
    """A protocol buffer message: {field: [int or bytes]}."""
    cursor, fields = Bytes(data), {}
    while cursor.more():
        tag = cursor.varint()
        kind = tag & 7
        if kind == 0:
            value = cursor.varint()
        elif kind == 2:
            value = cursor.take(cursor.varint())
        elif kind in (1, 5):
            value = cursor.take(8 if kind == 1 else 4)
        else:
            raise ValueError(f"checkpoint index: wire type {kind} is not known")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def entries(index):
    """Pairs (name, message) of a whole table."""
    footer = index[-48:]
    if len(footer) < 48 or struct.unpack("<Q", footer[-8:])[0] != TABLE_MAGIC:
        raise ValueError("not the index of a TensorFlow checkpoint")
    cursor = Bytes(footer)
    cursor.varint(), cursor.varint()  # the block of block statistics
    for _, handle in block(index, cursor.varint(), cursor.varint()):
        place = Bytes(handle)
        for key, value in block(index, place.varint(), place.varint()):
            if key:  # the empty key holds the bundle's header
                yield key.decode(), message(value)


def shape(entry):
    """Sizes of a tensor; a dimension of size 0 leaves its field out."""
    sizes = message(entry[2][0]).get(2, []) if 2 in entry else []
    return [message(size).get(1, [0])[0] for size in sizes]


def read_checkpoint(prefix):
    """{name: float32 array} of the checkpoint PREFIX.index, PREFIX.data-00000-of-00001."""
    index = pathlib.Path(f"{prefix}.index").read_bytes()
    data = pathlib.Path(f"{prefix}.data-00000-of-00001").read_bytes()
    tensors = {}
    for name, entry in entries(index):
        if entry.get(1) != [FLOAT]:
            continue
        offset, size = entry.get(4, [0])[0], entry.get(5, [0])[0]
        if offset + size > len(data):
            raise ValueError(f"{prefix}: tensor {name} lies past the end of the data")
        values = np.frombuffer(data, "<f4", size // 4, offset)
        tensors[name] = values.reshape(shape(entry)).astype(np.float32)
    return tensors
