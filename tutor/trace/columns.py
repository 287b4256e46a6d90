"""Which column each item stands in: counted from the loss, so that a leaf stands beside its use.

What leads to no loss (an update, a measurement) stands as near as possible to what it is made from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Edges = Sequence[tuple[int, int]]


def columns(count: int, edges: Edges, ends: Collection[int]) -> list[int]:
    """The column of each node 0 … count-1, from the left; `ends` are the losses (none: whatever nothing consumes)."""
    producers, consumers = _neighbours(count, edges)
    order = _topological(count, producers, consumers)
    main = _leading_to(ends, producers) if ends else set(range(count))
    column = [0] * count
    for node in reversed(order):
        column[node] = min((column[c] - 1 for c in consumers[node] if c in main), default=0)
    first = min((column[v] for v in main), default=0)
    for node in order:
        if node in main:
            column[node] -= first
        else:
            column[node] = max((column[p] + 1 for p in producers[node]), default=0)
    for node in reversed(order):
        if node not in main and not producers[node] and consumers[node]:
            column[node] = min(column[c] for c in consumers[node]) - 1
    return column


def _neighbours(count: int, edges: Edges) -> tuple[list[list[int]], list[list[int]]]:
    producers: list[list[int]] = [[] for _ in range(count)]
    consumers: list[list[int]] = [[] for _ in range(count)]
    for source, target in dict.fromkeys(edges):
        consumers[source].append(target)
        producers[target].append(source)
    return producers, consumers


def _leading_to(ends: Collection[int], producers: list[list[int]]) -> set[int]:
    found, todo = set(ends), list(ends)
    while todo:
        for producer in producers[todo.pop()]:
            if producer not in found:
                found.add(producer)
                todo.append(producer)
    return found


def _topological(count: int, producers: list[list[int]], consumers: list[list[int]]) -> list[int]:
    """Every node behind its producers. Of a circle one edge is taken out of the lists."""
    waiting = [len(p) for p in producers]
    order = [v for v in range(count) if not waiting[v]]
    done, forced = 0, 0
    while len(order) < count or done < len(order):
        if done == len(order):
            forced = next(v for v in range(forced, count) if waiting[v] > 0)
            _cut(forced, set(order), producers, consumers)
            waiting[forced] = 0
            order.append(forced)
        for consumer in consumers[order[done]]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                order.append(consumer)
        done += 1
    return order


def _cut(node: int, done: set[int], producers: list[list[int]], consumers: list[list[int]]) -> None:
    """Takes the edges to a node out that come from what is not done."""
    for producer in producers[node]:
        if producer not in done:
            consumers[producer].remove(node)
    producers[node] = [producer for producer in producers[node] if producer in done]
