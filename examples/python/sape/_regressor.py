# SPDX-License-Identifier: MIT
"""An estimator for scikit-learn. `sape.SapeRegressor` imports it when it is first asked for."""
from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ._ensemble import Ensemble
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

    Features and targets may be of any size: their means are subtracted in double precision, and fit() finds their
    scales.

    policy: how features are revealed, a Policy; None (the default) has it chosen.
    encoding: an Encoding; None (the default) has it chosen.
    iterations: length of the training, 0 (the default) to 10**12; 0 has it proposed.
    seconds: limit of the training, >= 0; 0 (the default) sets none. The speed is assumed, not measured.
    num_threads: 0 (the default: one per processor) to 256. The fit does not depend on it.
    random_state: an int, a RandomState or None (the default).

    After fit(): `field_` is what sape.fit() returned, `n_features_in_` the number of features.
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
        self.x_mean_, self.y_mean_ = points.mean(axis=0), targets.mean(axis=0)
        self.field_: Union[Field, Ensemble] = fit(
            points - self.x_mean_, targets - self.y_mean_, policy=self.policy, encoding=self.encoding,
            iterations=self.iterations, seconds=self.seconds, num_threads=self.num_threads,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The targets (n) or (n, o) at X (n, d)."""
        check_is_fitted(self)
        points = validate_data(self, X, reset=False)
        outputs = self.field_.predict(points - self.x_mean_).astype(np.float64)
        targets: NDArray[np.float64] = outputs.reshape(len(outputs), *np.shape(self.y_mean_)) + self.y_mean_
        return targets

    def _more_tags(self) -> dict[str, Any]:
        return {"multioutput": True, "poor_score": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags
