"""Photos of different expressions are not compared."""

from __future__ import annotations

import pytest

from appliance.errors import HandleError
from appliance.pipeline.simulation.accuracy.expression import Expression, check_expressions

REST = Expression(0.01, 0.58)


@pytest.mark.parametrize("other", [Expression(0.04, 0.6), Expression(0.0, 0.55)])
def test_a_face_at_rest_is_not_always_the_same(other: Expression) -> None:
    check_expressions(REST, other)


@pytest.mark.parametrize("other", [Expression(0.09, 0.58), Expression(0.01, 0.7)])
def test_smiles_and_open_mouths_are_refused(other: Expression) -> None:
    for pair in ((REST, other), (other, REST)):
        with pytest.raises(HandleError, match="expression"):
            check_expressions(*pair)
    check_expressions(other, other)
