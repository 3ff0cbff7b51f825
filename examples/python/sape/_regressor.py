# SPDX-License-Identifier: MIT
"""An estimator for scikit-learn. `sape.SapeRegressor` imports it when it is first asked for."""
from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ._field import Field
from ._fit import fit
from ._params import Encoding, Policy

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before 1.6

    def validate_data(estimator: Any, *arguments: Any, **options: Any) -> Any:
        return estimator._validate_data(*arguments, **options)


_MAX_FEATURES = 3


class SapeRegressor(RegressorMixin, BaseEstimator):
    """Regression by a field, for 1 to 3 features and any number of targets.

    Features are scaled to [-1, 1] by their range among the samples, targets to mean 0 and variance 1.

    policy: how features are revealed, a Policy; None (the default) has it chosen.
    encoding: an Encoding; None (the default) has it chosen.
    iterations: length of the training, 0 (the default) to 10**12; 0 has it proposed.
    seconds: limit of the training, >= 0; 0 (the default) sets none. The speed is assumed, not measured.
    num_threads: 0 (the default: one per processor) to 256. The fit does not depend on it.
    random_state: an int, a RandomState or None (the default).

    After fit(): `field_` is the field, `n_features_in_` the number of features.
    """

    def __init__(
        self,
        policy: Optional[Policy] = None,
        encoding: Optional[Encoding] = None,
        iterations: int = 0,
        seconds: float = 0.0,
        num_threads: int = 0,
        random_state: Any = None,
    ) -> None:
        self.policy = policy
        self.encoding = encoding
        self.iterations = iterations
        self.seconds = seconds
        self.num_threads = num_threads
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> SapeRegressor:
        """Fits samples X (n, d) with targets y (n) or (n, o)."""
        points, targets = validate_data(self, X, y, multi_output=True, y_numeric=True, ensure_min_samples=2)
        if points.shape[1] > _MAX_FEATURES:
            raise ValueError(f"X has {points.shape[1]} features, a field has at most {_MAX_FEATURES}")
        low, high = points.min(axis=0), points.max(axis=0)
        self.center_ = low / 2 + high / 2
        self.scale_ = np.where(high > low, 2 / np.maximum(high - low, np.finfo(np.float64).tiny), 0.0)
        self.mean_ = targets.mean(axis=0)
        deviation = np.asarray(targets.std(axis=0))
        self.deviation_ = np.where(deviation > 0, deviation, 1.0)
        self.field_: Field = fit(
            self._scaled(points), (targets - self.mean_) / self.deviation_, policy=self.policy, encoding=self.encoding,
            iterations=self.iterations, seconds=self.seconds, num_threads=self.num_threads,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The targets (n) or (n, o) at X (n, d)."""
        check_is_fitted(self)
        points = validate_data(self, X, reset=False)
        outputs = self.field_.predict(self._scaled(points)).astype(np.float64)
        targets: NDArray[np.float64] = outputs.reshape(len(outputs), *np.shape(self.mean_)) * self.deviation_ + self.mean_
        return targets

    def _scaled(self, points: NDArray[Any]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = ((points - self.center_) * self.scale_).astype(np.float32)
        return scaled

    def _more_tags(self) -> dict[str, Any]:
        return {"multioutput": True, "poor_score": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags
