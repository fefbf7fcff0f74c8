"""The dependencies check finds what it is for."""

import unittest

from dependencies import complaints


class Dependencies(unittest.TestCase):
    def test_what_is_used_and_explained_is_fine(self):
        self.assertEqual(complaints({"serde"}, {"serde", "own"}, {"serde"}), [])

    def test_what_nobody_uses_is_shown(self):
        self.assertIn("no crate uses it", complaints({"serde"}, set(), {"serde"})[0])

    def test_what_has_no_reason_is_shown(self):
        self.assertIn("no reason", complaints({"serde"}, {"serde"}, set())[0])

    def test_a_reason_without_a_dependency_is_shown(self):
        self.assertIn("no dependency", complaints(set(), set(), {"serde"})[0])


if __name__ == "__main__":
    unittest.main()
