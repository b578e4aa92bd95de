-- What customers say, as the objects that `ringside replay` prints in its rows; null when nothing of it was counted. Each takes sums
-- of the counts of the part tables, over whatever is asked for.

-- {"min", "max"} of the one scale that all the scores are on, null when they are on several: the sum of squares is least then.
CREATE OR REPLACE FUNCTION ringside.feedback_scale(responses bigint, min_milli bigint, max_milli bigint, squares bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN responses > 0 AND min_milli < max_milli
                     AND responses::numeric * squares = min_milli::numeric * min_milli + max_milli::numeric * max_milli
                THEN jsonb_build_object('min', min_milli::double precision / responses / 1000,
                                        'max', max_milli::double precision / responses / 1000) END
$$;
COMMENT ON FUNCTION ringside.feedback_scale IS 'The scale that all scores of a sum are on; null when they are on several.';

CREATE OR REPLACE FUNCTION ringside.csat(responses bigint, score_milli bigint, top bigint, scale_min_milli bigint,
                                         scale_max_milli bigint, scale_squares bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN responses <> 0 THEN jsonb_build_object(
        'responses', responses, 'mean', score_milli::double precision / 1000 / responses,
        'top_box', top::double precision / responses,
        'scale', ringside.feedback_scale(responses, scale_min_milli, scale_max_milli, scale_squares)) END
$$;
COMMENT ON FUNCTION ringside.csat IS 'Satisfaction: responses, mean of the raw scores, share at the top of their own scale, the scale.';

CREATE OR REPLACE FUNCTION ringside.nps(responses bigint, promoters bigint, detractors bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN responses <> 0 THEN jsonb_build_object(
        'responses', responses, 'value', (promoters - detractors)::double precision * 100 / responses,
        'promoters', promoters, 'detractors', detractors) END
$$;
COMMENT ON FUNCTION ringside.nps IS 'Net promoter score, -100 to 100: promoters (9 and 10) less detractors (0 to 6), of the responses.';

CREATE OR REPLACE FUNCTION ringside.ces(responses bigint, score_milli bigint, scale_min_milli bigint, scale_max_milli bigint,
                                        scale_squares bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN responses <> 0 THEN jsonb_build_object(
        'responses', responses, 'mean', score_milli::double precision / 1000 / responses,
        'scale', ringside.feedback_scale(responses, scale_min_milli, scale_max_milli, scale_squares)) END
$$;
COMMENT ON FUNCTION ringside.ces IS 'Effort: responses, mean of the raw scores, the scale.';

CREATE OR REPLACE FUNCTION ringside.surveys(contacts bigint, off_scale bigint, handled bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN contacts <> 0 OR off_scale <> 0 THEN jsonb_build_object(
        'contacts', contacts, 'off_scale', off_scale,
        'response_rate', CASE WHEN handled <> 0 THEN contacts::double precision / handled END) END
$$;
COMMENT ON FUNCTION ringside.surveys IS 'Contacts that answered a survey, answers off their scale, and contacts that answered / handled.';

CREATE OR REPLACE FUNCTION ringside.complaints(received bigint, acknowledged bigint, investigated bigint, responded bigint,
                                               closed bigint, overdue bigint, acknowledge_us bigint, investigate_us bigint,
                                               respond_us bigint, close_us bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN received <> 0 OR acknowledged <> 0 OR investigated <> 0 OR responded <> 0 OR closed <> 0 OR overdue <> 0
        THEN jsonb_build_object(
            'received', received, 'acknowledged', acknowledged, 'investigated', investigated, 'responded', responded,
            'closed', closed, 'overdue', overdue,
            'acknowledge_ms', CASE WHEN acknowledged <> 0 THEN acknowledge_us::double precision / 1000 / acknowledged END,
            'investigate_ms', CASE WHEN investigated <> 0 THEN investigate_us::double precision / 1000 / investigated END,
            'respond_ms', CASE WHEN responded <> 0 THEN respond_us::double precision / 1000 / responded END,
            'close_ms', CASE WHEN closed <> 0 THEN close_us::double precision / 1000 / closed END) END
$$;
COMMENT ON FUNCTION ringside.complaints IS 'Complaints by the stages they reached, mean working time of each stage, stages past their deadline.';
