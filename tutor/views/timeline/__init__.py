"""The slider under the graph, and the buttons that play."""
