"""Cases of engines that users already trust, run as pipelines and compared with what they say."""
