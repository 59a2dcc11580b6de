"""How processes are started: from a clean one that has the modules loaded already."""

import multiprocessing

#: Children inherit neither connections nor threads of the parent.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.benchmarks.writers", "tests.benchmarks.followers"])
