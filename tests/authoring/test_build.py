def test_x(built):
    print(built.source_file.read_text()); print(built.release_file.read_text()); print(built.solved_file.read_text())
    import time; t=time.time()
    print(built.check(), time.time()-t)
    assert 0
