"""The API answers what the map asks, with tags and gzip, and says what was wrong."""

import gzip
import json

import pytest

from dashboards.address import KINDS, LAYERS

SHIFT = "2026-11-23T22:00"


@pytest.mark.parametrize("path", ["/api/segments", "/api/land", "/api/layers/wharves"])
def test_geometry_is_packed_tagged_and_sent_once(client, path):
    first = client.get(path, headers={"accept-encoding": "gzip"})
    assert first.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "private, no-cache"
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    assert len(gzip.compress(plain.content)) < len(plain.content)
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_layer_answers(client, name, lang):
    query = {"lang": lang, "shift": SHIFT, "bbox": "121,28,123,30"}
    answer = client.get(f"/api/layers/{name}", params=query)
    assert answer.status_code == 200
    features = answer.json()["features"]
    assert features
    if name != "forecast":  # it is under the segments, whose words are shown
        assert all(feature["properties"]["label"] for feature in features)
    if name == "tracks":
        assert answer.json()["thinned"] == 10_000
    if name in {"wharves", "risk_points", "facilities", "incidents"}:
        assert all(feature["properties"]["made"] == 1 for feature in features)


@pytest.mark.parametrize(("lang", "word"), [("zh", "探索"), ("en", "Exploration")])
def test_what_is_explored_is_told_apart_from_the_zones(client, lang, word):
    found = client.get("/api/layers/zones", params={"shift": SHIFT, "lang": lang}).json()
    told = [feature["properties"] for feature in found["features"]]
    assert [one["part"] for one in told] == ["plan", "plan", "explore"]
    assert [one["rank"] for one in told[:2]] == [1, 2]
    drawn = told[2]
    assert (drawn["label"], drawn["chance"]) == (word, 0.015)
    assert "rank" not in drawn
    assert drawn["sub"].startswith(f"2.5 km · {word}")


def test_layers_of_a_shift_are_empty_without_one(client):
    for name in ("zones", "behaviours", "stops", "berth_visits"):
        assert client.get(f"/api/layers/{name}").json()["features"] == []


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/layers/nothing", 404, "is not one of"),
        ("/api/layers/tracks?bbox=1,2", 422, "west,south,east,north"),
        ("/api/layers/zones?shift=tonight", 422, "pattern"),
        ("/api/scores?shift=2020-01-01T22:00", 404, "see /api/shifts"),
        (f"/api/segments/none/explanation?shift={SHIFT}", 404, "no scored segment"),
        ("/api/nothing", 404, "openapi.json"),
    ],
)
def test_a_wrong_question_is_answered_with_what_was_wrong(client, path, status, words):
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.text


def test_what_is_not_there_is_404(client):
    assert client.get("/nowhere").status_code == 404
    assert "回到岸线地图" in client.get("/nowhere").text


def test_scores_and_explanation_belong_together(client):
    rows = client.get("/api/scores", params={"shift": SHIFT}).json()
    top = max(rows, key=lambda row: row["score"])
    told = client.get(
        f"/api/segments/{top['segment_id']}/explanation", params={"shift": SHIFT}
    ).json()
    assert told["score"] == top["score"]
    total = told["base"] + sum(part["points"] for part in told["contributions"])
    assert total == pytest.approx(told["score"], abs=1e-6)


def test_a_date_is_scored_on_demand_and_a_far_one_refused(client):
    answer = client.post("/api/scores/2026-12-01")
    assert answer.status_code == 200
    assert answer.json()[0] == "2026-12-01T02:00"
    assert len(answer.json()) == 6
    assert client.post("/api/scores/2056-12-01").status_code == 422
    assert client.post("/api/scores/tomorrow").status_code == 422


def test_the_whole_page_is_light(client):
    body = {
        "output": "root.children",
        "outputs": {"id": "root", "property": "children"},
        "inputs": [{"id": "address", "property": "search", "value": ""}],
        "changedPropIds": ["address.search"],
        "state": [],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    page = answer.text
    assert len(gzip.compress(page.encode())) < 40_000
    told = json.loads(page)["response"]["root"]["children"]
    assert told["type"] == "MantineProvider"


def test_an_event_says_in_words_what_it_rests_on(client):
    query = {"lang": "en", "shift": SHIFT}
    found = client.get("/api/layers/behaviours", params=query).json()
    told = {one["properties"]["k"]: one["properties"] for one in found["features"]}
    assert set(told) == set(KINDS)
    assert found["count"] == len(KINDS)
    assert found["left"] == {"below": 1, "beyond": 0, "least": 0.2}
    ranks = [one["properties"]["rank"] for one in found["features"]]
    assert ranks == sorted(ranks, reverse=True)
    loitering = told["loitering"]
    assert loitering["sub"] == "vessel 412000001 · 18:40–23:40"
    assert loitering["version"] == 2
    assert "at 1.9 kn on average" in loitering["said"]
    assert "path" not in loitering
    assert told["gap"]["reach"] == {"none": 0.46, "rest": 0.225}
    assert told["dark_target"]["sub"] == "a target without identity · 18:40–23:40"
    assert told["rendezvous"]["sub"].startswith("vessel 412000002, vessel 412000003")
    for name, kind in (("stops", "stop"), ("berth_visits", "berth_visit")):
        features = client.get(f"/api/layers/{name}", params=query).json()["features"]
        assert [one["properties"]["k"] for one in features] == [kind]


def test_behaviours_are_chosen_by_kind_and_rank(client):
    def kinds(**query):
        found = client.get("/api/layers/behaviours", params={"shift": SHIFT, **query})
        return {one["properties"]["k"] for one in found.json()["features"]}

    assert kinds(kinds="gap,chain") == {"gap", "chain"}
    assert kinds(kinds="") == set()
    assert kinds(least=0.8) == {"chain", "shore_approach"}
    assert len(kinds(least=0)) == len(KINDS)
    answer = client.get("/api/layers/behaviours", params={"shift": SHIFT, "kinds": "ghost"})
    assert answer.status_code == 422
    assert client.get("/api/layers/behaviours", params={"least": 2}).status_code == 422


def test_one_event_has_its_way_and_its_reach(client):
    gap = client.get("/api/events/e-gap?lang=en").json()
    assert gap["path"][0] == [29.2, 122.0]
    reach = gap["reach"]
    assert (reach["none"], reach["rest"], reach["left_out"]) == (0.46, 0.225, 0)
    first, second = reach["rows"]
    assert first[:3] == ["seg0049", 0.015, 2]
    assert second == [
        "seg0048", 0.3, 4,
        "probability 30 %, there from 18:40, gone by 19:40, landable for 42 min of it",
    ]  # fmt: skip
    assert first[3].endswith("not landable in that time")
    dark = client.get("/api/events/e-dark_target").json()
    assert dark["path"] is dark["reach"] is None
    assert [part["kind"] for part in client.get("/api/events/e-chain").json()["parts"]] == [
        "rendezvous",
        "shore_approach",
    ]
    assert client.get("/api/events/e-gone").json()["withdrawn"] is True
    assert client.get("/api/events/nothing").status_code == 404


def test_a_sections_shift_is_told(client):
    told = client.get("/api/sections/S02/daily", params={"shift": SHIFT})
    assert told.status_code == 200
    assert told.json()["teams"][0]["stops"][0]["start"] == "2026-11-23T15:40:00+00:00"
    assert client.get("/api/sections/S99/daily", params={"shift": SHIFT}).status_code == 404
    assert client.get("/api/sections/S02/daily", params={"shift": "x"}).status_code == 422
