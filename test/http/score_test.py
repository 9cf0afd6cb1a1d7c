"""Scores of stored principles and of drafts."""
import json
import unittest

from sidecar import SCORE, SidecarTest


class Score(SidecarTest):
    def check_shape(self, answer, principle_id):
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["content-type"], "application/json")
        score = answer.json()
        self.assertEqual(score["principle_id"], principle_id)
        self.assertEqual(score["distance_score"], score["distance"])
        self.assertAlmostEqual(score["score"] + score["distance"], 1)
        self.assertIsInstance(score["level"], str)
        self.assertEqual(set(score["detailed_metrics"]), {
            "language_ambiguity", "criteria_formality", "historical_success_rate", "complexity_score"})
        self.assertEqual(set(score["calculation_metadata"]), {
            "timestamp", "calculation_time_ms", "version", "lexicon_version", "stored"})
        for finding in score["findings"]:
            self.assertEqual(set(finding), {"class", "phrase", "start", "length", "weight"})
        return score

    def test_stored_principle(self):
        score = self.check_shape(self.sidecar.score(1), 1)
        self.assertRegex(score["calculation_metadata"]["timestamp"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
        self.assertIn("reasonable", [finding["phrase"] for finding in score["findings"]])

    def test_head_is_get_without_a_body(self):
        with self.sidecar.connect() as client:
            head = client.request("HEAD", f"{SCORE}?principle_id=1")
            self.assertEqual(head.status, 200)
            self.assertGreater(int(head.headers["content-length"]), 100)
            self.assertEqual(client.request("GET", f"{SCORE}?principle_id=1").status, 200)

    def test_no_such_principle(self):
        self.check_problem(self.sidecar.score(999999), 404, "STW21")
        self.check_problem(self.sidecar.score(-1), 404, "STW21")
        self.check_problem(self.sidecar.post({"principle_id": 999999}), 404, "STW21")

    def test_number_of_the_principle(self):
        for wrong in ("", "abc", "1.5", "1e3", "+1", " 1", "1 ", "0x1", "9223372036854775808", "1\0", "1;", "٣"):
            self.check_problem(self.sidecar.score(wrong), 400, "STW20", "principle_id")
        self.check_problem(self.sidecar.get(SCORE), 400, "STW20", "principle_id")
        self.check_problem(self.sidecar.get(f"{SCORE}?principle_id=1&principle_id=2"), 400, "STW20")
        for query in ("principle_id=999=1", "principle_id==1", "principle_id=1=", "principle_id=1&principle_id=1",
                      "principle_id=1&principle%5Fid=1", "principle_id=1&principle_id", "principle_id=%3", "principle_id=1?"):
            self.check_problem(self.sidecar.get(f"{SCORE}?{query}"), 400, "STW20", "principle_id")
        for query in ("principle%5fid=%31", "a=b=c&&principle_id=1&%zz", "principle_id=1&x=a?b"):
            self.assertEqual(self.sidecar.get(f"{SCORE}?{query}").status, 200, query)
        self.assertEqual(self.sidecar.get("/livez?x=a?b").status, 200)
        self.check_problem(self.sidecar.score("9223372036854775807"), 404)

    def test_draft(self):
        data = {"name": "n", "description": "Tokens may expire.", "category": "c", "policy_code": "p",
                "validation_criteria_structured": [{"id": "1", "given": "a", "when": "b", "then": "c"}]}
        score = self.check_shape(self.sidecar.post({"principle_data": data}), None)
        self.assertIn("may", [finding["phrase"] for finding in score["findings"]])
        self.check_shape(self.sidecar.post({"principle_id": 1, "principle_data": data}), 1)
        plain = {"description": "Größe: 5 \U0001f600.", "name": None}
        self.check_shape(self.sidecar.post({"principle_data": plain, "principle_id": None}), None)

    def test_a_thousand_findings_are_shown(self):
        for count, shown in ((1000, 1000), (1001, 1000)):
            score = self.sidecar.post({"principle_data": {"description": "may " * count}}).json()
            self.assertEqual(len(score["findings"]), shown)
            self.assertEqual(score["findings"][-1]["start"], score["findings"][0]["start"] + 999 * 4)
            self.assertEqual(score.get("findings_truncated", False), count > shown)

    def test_post_of_a_number_alone_is_get(self):
        self.check_shape(self.sidecar.post({"principle_id": 1}), 1)

    def test_unknown_profile(self):
        answer = self.sidecar.post({"principle_data": {"description": "a"}, "profile": "no such profile"})
        self.check_problem(answer, 400)

    def test_json_that_is_wrong(self):
        for wrong in ("", "{", "[]", "1", "null", '{"principle_data":{"description":"a"}} x', "{'a':1}", b'{"a":"\xff"}',
                      b'{"principle_data":{"description":"a\0"}}', "[" * 100000, '{"a":' * 5000):
            self.check_problem(self.sidecar.post(wrong), 400, "STW20")

    def test_members_that_are_wrong(self):
        self.check_problem(self.sidecar.post({}), 400, "STW20", "principle_data is missing")
        self.check_problem(self.sidecar.post({"principle_data": {}}), 400, "STW20", "principle_data.description is missing")
        for member, wrong in (("description", 1), ("description", "a\0b"), ("name", []), ("category", {}),
                              ("policy_code", True), ("validation_criteria_structured", {}),
                              ("validation_criteria_structured", "[]")):
            data = {"description": "a", member: wrong}
            self.check_problem(self.sidecar.post({"principle_data": data}), 400, "STW20", f"principle_data.{member}")
        self.check_problem(self.sidecar.post({"principle_data": "a"}), 400, "STW20", "principle_data")
        for wrong in ("1", 1.5, [1], True, 2**63):
            document = {"principle_id": wrong, "principle_data": {"description": "a"}}
            self.check_problem(self.sidecar.post(document), 400, "STW20", "principle_id")
        self.check_problem(self.sidecar.post({"principle_data": {"description": "a"}, "profile": 1}), 400, "STW20", "profile")

    def test_nul_within_criteria(self):
        data = {"description": "a", "validation_criteria_structured": [{"id": "\0"}]}
        self.check_problem(self.sidecar.post({"principle_data": data}), 400)

    def test_content_type(self):
        body = json.dumps({"principle_data": {"description": "a"}})
        for wrong in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                      "application/jsonx", "application/json; charset=latin1"):
            self.check_problem(self.sidecar.post(body, wrong), 415, "STW24")
        self.check_problem(self.sidecar.request("POST", SCORE, body), 415, "STW24")
        for right in ("Application/JSON", "application/json; charset=UTF-8"):
            self.assertEqual(self.sidecar.post(body, right).status, 200)

    def test_method_and_path(self):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            answer = self.sidecar.request(method, SCORE, "{}")
            self.check_problem(answer, 405, "STW23")
            self.assertEqual(answer.headers["allow"], "GET, HEAD, POST")
        answer = self.sidecar.request("POST", "/livez", "{}")
        self.check_problem(answer, 405, "STW23")
        self.assertEqual(answer.headers["allow"], "GET, HEAD")
        for path in ("/api", "/page.html", SCORE + "/", "/%00", "/livez/../metrics"):
            self.check_problem(self.sidecar.get(path), 404, "STW22")
        self.check_problem(self.sidecar.request("BREW", "/"), 501)


class WithoutPreparedStatements(Score):
    """All the same when nothing may be left in a session."""

    options = ("--prepared-statements", "off")


if __name__ == "__main__":
    unittest.main()
