"""The ports on AWS, by aioboto3; botocore's errors are wrapped here."""
