"""A CDN edge that admits viewers as CloudFront does and serves objects from S3."""
