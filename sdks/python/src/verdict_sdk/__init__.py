"""Verdict's client: an agent asks before it acts, and acts on an allow only."""

from ._canonical import cache_key, canonical_json
from ._core import Surroundings
from ._generated.models import (
    Approval,
    ApprovalDetail,
    ApprovalList,
    ApprovalReference,
    Destination,
    DryRun,
    DryRunRequest,
    EvaluateRequest,
    Identity,
    Obligation,
)
from ._version import __version__
from .async_client import AsyncApprovals, AsyncVerdict
from .client import Approvals, Verdict
from .configuration import Configuration
from .decision import Decision
from .errors import (
    ApprovalDenied,
    ApprovalTimeout,
    ConfigurationError,
    InvalidRequest,
    PolicyDenied,
    ServerUnreachable,
    VerdictError,
    VerdictSdkError,
)

__all__ = [
    "Approval",
    "ApprovalDenied",
    "ApprovalDetail",
    "ApprovalList",
    "ApprovalReference",
    "ApprovalTimeout",
    "Approvals",
    "AsyncApprovals",
    "AsyncVerdict",
    "Configuration",
    "ConfigurationError",
    "Decision",
    "Destination",
    "DryRun",
    "DryRunRequest",
    "EvaluateRequest",
    "Identity",
    "InvalidRequest",
    "Obligation",
    "PolicyDenied",
    "ServerUnreachable",
    "Surroundings",
    "Verdict",
    "VerdictError",
    "VerdictSdkError",
    "__version__",
    "cache_key",
    "canonical_json",
]
