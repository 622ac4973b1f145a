from program.finished import finished
def test_x(finished):
    print(finished.first)
    print(finished.second)
    print(finished.truth.outcomes, finished.truth.buckets)
