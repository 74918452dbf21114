"""Results of checks."""


class Results:
    """Runs checks, prints a line for each, and counts the failures."""

    def __init__(self):
        self.failures = 0

    def run(self, check):
        """Runs a check under the name of its function."""
        self.note(check.__name__.replace("_", " "), check)

    def note(self, name, check):
        """Runs a check. What it returns is printed; an exception is a failure."""
        try:
            result = check()
        except Exception as error:  # a check that cannot run has failed
            self.failures += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
        else:
            print(f"ok    {name}{f' ({result})' if result else ''}", flush=True)
