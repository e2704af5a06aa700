"""The model directory over HTTP: what is there, promote, shadow, roll back."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import asdict

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from scrubjay_policies.policy import PolicyError
from scrubjay_proxy.control.running import Running
from scrubjay_proxy.errors import ScrubjayError


class ModelChoice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str = Field(
        min_length=1, description="A file of the directory, or the first digits of a digest."
    )


class OneModel(BaseModel):
    sha256: str = Field(description="Empty for a file that is no model.")
    file: str = Field(description="As it was called when it came.")
    state: str = Field(description="active, previous, shadow, kept or refused.")
    added: float = Field(description="Unix time.")
    metrics: str = Field(description="Of its training, JSON.")
    refused: str = Field(description="Why it is not used.")


class OneTrial(BaseModel):
    challenger: str = Field(description="shadow, or previous: for the automatic roll back.")
    requests: int
    challenger_hit_ratio: float
    incumbent_hit_ratio: float


class OneChange(BaseModel):
    id: int
    time: float = Field(description="Unix time.")
    what: str
    sha256: str
    file: str
    before: str = Field(description="Digest of what was in force until then.")
    by: str
    why: str
    reason: str = Field(description="Of a refused file, for counting.")


class ModelList(BaseModel):
    in_force: str = Field(description="Digest of the model in use; empty: the policy has none.")
    models: list[OneModel]
    trials: list[OneTrial]
    history: list[OneChange]


def add_models(api: FastAPI, running: Running) -> None:
    def current() -> ModelList:
        models = running.models
        return ModelList(
            in_force=models.in_force.policy.model,
            models=[
                OneModel(state=models.index.state(one), **asdict(one))
                for one in models.index.models
            ],
            trials=[
                OneTrial(
                    challenger=role,
                    requests=one.requests,
                    challenger_hit_ratio=one.challenger,
                    incumbent_hit_ratio=one.incumbent,
                )
                for role, one in models.trials.standings().items()
            ],
            history=[OneChange(**asdict(one)) for one in models.index.history],
        )

    async def done(order: Awaitable[None]) -> ModelList | JSONResponse:
        try:
            await order
        except (PolicyError, ScrubjayError) as error:
            return JSONResponse({"error": str(error), "hint": error.hint}, 422)
        return current()

    @api.get("/api/models")
    async def models() -> ModelList:
        """Models of the directory, trials under way, and what happened last."""
        return current()

    @api.post("/api/models/promote", response_model=ModelList)
    async def promote(choice: ModelChoice) -> ModelList | JSONResponse:
        """Put a model in force, if it passes all checks."""
        return await done(running.models.promote(choice.model))

    @api.post("/api/models/shadow", response_model=ModelList)
    async def shadow(choice: ModelChoice) -> ModelList | JSONResponse:
        """Let a model decide beside the one in force, without effect on what is answered."""
        return await done(running.models.shadow(choice.model))

    @api.post("/api/models/rollback", response_model=ModelList)
    async def rollback() -> ModelList | JSONResponse:
        """Put the model before in force again."""
        return await done(running.models.rollback())
