"""Real approval logs (XES) as documents: each case goes through the ordinary command bus.

The command line may import this package. Invariant: the engine decides; what it refuses is
counted, what is not understood is counted, and every event of the log is one of these.
Read `plan` first (what each event asks for), then `case_runner` and `importer`; `xes` reads files.
"""
