"""Nodes that write to a board and read from it."""


def source_to(sink_node):
    return sink_node


def sink_from(source_node):
    return source_node
