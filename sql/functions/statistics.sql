-- What comparing takes and PostgreSQL 15 has not: the normal and Student's distribution. Absolute errors are below 1e-10.
CREATE OR REPLACE FUNCTION ringside.normal_cdf(x double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    sum double precision := x;
    term double precision := x;
    i integer := 1;
BEGIN
    IF abs(x) > 8 THEN RETURN CASE WHEN x > 0 THEN 1 ELSE 0 END; END IF;
    WHILE abs(term) > 1e-17 * abs(sum) AND i < 1000 LOOP   -- x + x^3/3 + x^5/15 + …
        i := i + 2;
        term := term * x * x / i;
        sum := sum + term;
    END LOOP;
    RETURN least(greatest(0.5 + sum * exp(-x * x / 2) / sqrt(2 * pi()), 0), 1);
END;
$$;
COMMENT ON FUNCTION ringside.normal_cdf IS 'Probability that a standard normal variable is at most x.';

CREATE OR REPLACE FUNCTION ringside.ln_gamma(x double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    z double precision := x;
    product double precision := 1;
BEGIN
    WHILE z < 12 LOOP   -- gamma(x) = gamma(x + 1) / x, up to where the series is exact
        product := product * z;
        z := z + 1;
    END LOOP;
    RETURN (z - 0.5) * ln(z) - z + ln(2 * pi()) / 2 + 1 / (12 * z) - 1 / (360 * z ^ 3) + 1 / (1260 * z ^ 5) - 1 / (1680 * z ^ 7) - ln(product);
END;
$$;
COMMENT ON FUNCTION ringside.ln_gamma IS 'Logarithm of the gamma function, x > 0 (Stirling''s series).';

-- Regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8), evaluated from the front.
CREATE OR REPLACE FUNCTION ringside.beta_share(a double precision, b double precision, x double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    tiny constant double precision := 1e-300;
    f double precision := 1;
    c double precision := 1;
    d double precision := 0;
    term double precision;
    m integer;
    log_front double precision;
BEGIN
    IF x <= 0 THEN RETURN 0; END IF;
    IF x >= 1 THEN RETURN 1; END IF;
    IF x > (a + 1) / (a + b + 2) THEN RETURN 1 - ringside.beta_share(b, a, 1 - x); END IF;
    FOR i IN 0 .. 500 LOOP
        m := i / 2;
        term := CASE WHEN i = 0 THEN 1
                     WHEN i % 2 = 0 THEN m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                     ELSE -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)) END;
        d := 1 + term * d;
        IF abs(d) < tiny THEN d := tiny; END IF;
        d := 1 / d;
        c := 1 + term / c;
        IF abs(c) < tiny THEN c := tiny; END IF;
        f := f * c * d;
        EXIT WHEN abs(1 - c * d) < 1e-14;
    END LOOP;
    log_front := a * ln(x) + b * ln(1 - x) + ringside.ln_gamma(a + b) - ringside.ln_gamma(a) - ringside.ln_gamma(b) - ln(a);
    IF log_front < -600 THEN RETURN 0; END IF;
    RETURN exp(log_front) * (f - 1);
END;
$$;
COMMENT ON FUNCTION ringside.beta_share IS 'Regularised incomplete beta function I_x(a, b).';

CREATE OR REPLACE FUNCTION ringside.student_p(t double precision, df double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ringside.beta_share(df / 2, 0.5, df / (df + t * t)) $$;
COMMENT ON FUNCTION ringside.student_p IS 'Two-sided p-value of t with df degrees of freedom.';

-- By Newton: the p-value is convex in t, so from 0 every step stays on the left of the root.
CREATE OR REPLACE FUNCTION ringside.student_quantile(confidence double precision, df double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    front constant double precision := 2 * exp(ringside.ln_gamma((df + 1) / 2) - ringside.ln_gamma(df / 2)) / sqrt(df * pi());
    t double precision := 0;
    step double precision;
BEGIN
    FOR i IN 1 .. 100 LOOP
        step := (ringside.student_p(t, df) - 1 + confidence) / (front * (1 + t * t / df) ^ (-(df + 1) / 2));
        t := t + step;
        EXIT WHEN abs(step) <= 1e-9 * t;
    END LOOP;
    RETURN t;
END;
$$;
COMMENT ON FUNCTION ringside.student_quantile IS 'The t within which a share (0.95) of Student''s distribution with df degrees of freedom lies on both sides of 0.';
