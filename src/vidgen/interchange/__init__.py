"""The cut in the formats of other programs: OpenTimelineIO, EDL, FCP 7 XML, and the shot list as CSV."""
