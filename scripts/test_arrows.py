"""The arrows check finds what it is for."""

import unittest

from arrows import offending_edges


def workspace(**dependencies):
    """`cargo metadata` of a workspace in which each crate has these dependencies (`crate=[(name, kind), …]`)."""
    return {
        "packages": [
            {
                "name": name.replace("_", "-"),
                "manifest_path": f"{name}/Cargo.toml",
                "dependencies": [{"name": target, "kind": kind} for target, kind in targets],
            }
            for name, targets in dependencies.items()
        ]
    }


class Arrows(unittest.TestCase):
    def test_an_edge_downwards_is_fine(self):
        self.assertEqual(
            offending_edges(workspace(pasarela_store=[("pasarela-domain", None)], pasarela_domain=[])), []
        )

    def test_an_edge_upwards_is_shown(self):
        offences = offending_edges(workspace(pasarela_domain=[("pasarela-store", None)], pasarela_store=[]))
        self.assertEqual(len(offences), 1)
        self.assertIn("pasarela-domain -> pasarela-store", offences[0])

    def test_a_dev_dependency_upwards_is_shown(self):
        offences = offending_edges(workspace(pasarela_engine=[("pasarela-server", "dev")], pasarela_server=[]))
        self.assertIn("dev dependency", offences[0])

    def test_the_server_may_not_reach_past_the_engine(self):
        self.assertEqual(
            len(offending_edges(workspace(pasarela_server=[("pasarela-store", None)], pasarela_store=[]))), 1
        )

    def test_neighbours_do_not_know_each_other(self):
        self.assertEqual(
            len(offending_edges(workspace(pasarela_vault=[("pasarela-store", None)], pasarela_store=[]))), 1
        )

    def test_a_crate_without_a_room_is_shown(self):
        self.assertIn("no room", offending_edges(workspace(pasarela_utils=[]))[0])

    def test_crates_from_outside_are_not_our_arrows(self):
        self.assertEqual(offending_edges(workspace(pasarela_domain=[("serde", None)])), [])


if __name__ == "__main__":
    unittest.main()
