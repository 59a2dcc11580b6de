"""What happens to the log when processes, connections and the server itself die or hang."""
