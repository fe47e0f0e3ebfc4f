"""Files that the server keeps beside the database: skill packages, artifacts of executions, attachments.

They are named by their content, read in memory, and never unpacked to disk. Which of them are needed is said by the
resources alone: nothing here may decide that a file is garbage without asking the repository.
"""
