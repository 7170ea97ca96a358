"""The learned forecast under /api."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from dashboards.seen import Door, seen
from dashboards.words import LANGS, t


def add_routes(server: FastAPI, door: Door) -> None:
    """Add the routes of the learned forecast."""

    @server.get("/api/forecast", tags=["risk"])
    def learned_forecast(request: Request) -> Response:
        """Return the learned forecast of the next weeks, a row per segment in the shore's order.

        Where it does not beat decayed counts it is not `offered`, `rows` are empty and `why_zh`
        and `why_en` say so; `drift` tells whether to train it anew.
        """
        found = seen(door, request).forecast()
        if found is None:
            why = {f"why_{lang}": t("forecast_untrained", lang) for lang in LANGS}
            return JSONResponse({"offered": False, **why, "rows": []})
        kept = found.kept
        told = {name: getattr(kept, name) for name in ("model_id", "offered", "why_zh", "why_en")}
        return JSONResponse(
            {
                **told,
                "t0": kept.as_of.isoformat(),
                "t1": kept.t1.isoformat(),
                "expected": kept.figures["expected"],
                "drift": found.watch.told(),
                "rows": found.rows.to_dicts(),
            }
        )

    @server.get("/api/segments/{segment_id}/forecast", tags=["risk"])
    def segment_forecast(request: Request, segment_id: str) -> Response:
        """Return what is forecast of a segment, and the factors that make it so."""
        told = seen(door, request).forecast_of(segment_id)
        if told is None:
            raise HTTPException(
                404, f"no forecast is offered for {segment_id!r}; see /api/forecast"
            )
        return JSONResponse(told)
